"""Measurements side by side: what this project does, beside what a peer or the library underneath does."""

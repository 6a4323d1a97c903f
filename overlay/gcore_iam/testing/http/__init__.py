"""How requests reach the fake: in process through httpx, or over HTTP."""

"""Takes a new spec into the project: the vendored file, the generated client, the changelog."""

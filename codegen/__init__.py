"""Build-time code: from the vendored OpenAPI file to `generated/`. Never runs in a user's program."""

"""The one exception that build-time code raises for wrong input."""


class CodegenError(Exception):
    """Wrong input: one line that names the file and the place and says what to do. Exit status 2."""

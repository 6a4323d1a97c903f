"""A fake of Gcore's IAM API, for tests of programs that use this library: `FakeIAM`."""

from .fake import FakeIAM

__all__ = ["FakeIAM"]

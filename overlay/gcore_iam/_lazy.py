"""Packages whose names are loaded when they are first used."""

# Type checkers take it for True. jedi would skip the imports below, but for the annotation. Importing `typing` would
# take ten times as long as all else here.
TYPE_CHECKING: bool = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazily(package: str, modules: "Mapping[str, tuple[str, ...]]") -> "Callable[[str], object]":
    """Build the `__getattr__` of a package.

    Args:
        package: Its name.
        modules: Its modules, from which it takes names: "" are those that it gives as they are.

    Returns:
        A function that loads a name, and puts it where it is found without this function from then on.
    """
    module_of = {name: module for module, names in modules.items() for name in names}

    def load(name: str) -> object:
        import sys
        from importlib import import_module

        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = module_of[name]
        value = getattr(import_module(f".{module}", package), name) if module else import_module(f".{name}", package)
        setattr(sys.modules[package], name, value)
        return value

    return load

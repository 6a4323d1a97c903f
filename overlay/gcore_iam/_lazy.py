"""Loads the names of a package when they are first used."""

# Type checkers treat a variable of this name as True; jedi needs the annotation. Importing it from `typing` would take
# ten times as long as the rest of this file.
TYPE_CHECKING: bool = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def build_getattr(package: str, modules: "Mapping[str, tuple[str, ...]]") -> "Callable[[str], object]":
    """Build the `__getattr__` of a package.

    Args:
        package: The name of the package.
        modules: The names of the package, by the module that defines them; "" for names that are modules themselves.

    Returns:
        A function that loads a name, and stores it in the package: the next access does not call the function.
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

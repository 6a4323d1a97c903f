"""Prints how many facts the observer and the drift review have in common: `python -m tests.moving_server`."""

from __future__ import annotations

from .comparison import list_steps

if __name__ == "__main__":
    total, common = 0, 0
    for name, step in list_steps().items():
        expected, observed = step.find_expected(), step.find_observed()
        total += len(expected | observed)
        common += len(expected & observed)
        print(f"{name}: expected {len(expected)}, observed {len(observed)}, in common {len(expected & observed)}")
    print(f"steps {len(list_steps())}, facts {total}, matches {common}")

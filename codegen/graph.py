"""An algorithm on graphs that needs no recursion, however long a chain is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def find_connected_components(inside: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Find the strongly connected components of a graph, each after those that it leads to (Tarjan's algorithm).

    Args:
        inside: For each node, the nodes that it leads to.
    """
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    for root in range(len(inside)):
        if root in order:
            continue
        todo = [(root, iter(inside[root]))]
        order[root] = lowest[root] = len(order)
        path.append(root)
        on_path.add(root)
        while todo:
            node, rest = todo[-1]
            for inner in rest:
                if inner not in order:
                    order[inner] = lowest[inner] = len(order)
                    path.append(inner)
                    on_path.add(inner)
                    todo.append((inner, iter(inside[inner])))
                    break
                if inner in on_path:
                    lowest[node] = min(lowest[node], order[inner])
            else:
                todo.pop()
                if todo:
                    lowest[todo[-1][0]] = min(lowest[todo[-1][0]], lowest[node])
                if lowest[node] == order[node]:
                    circle = [path.pop()]
                    while circle[-1] != node:
                        circle.append(path.pop())
                    on_path.difference_update(circle)
                    yield circle

"""SciCode's numbers in ``test_data.h5``, and how its tests compare them: run in the sandbox, never imported.

As the authors' `scicode.parse.parse` reads them and their `scicode.compare.cmp` compares them (scicode-bench/SciCode).
"""

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
import scipy.sparse
import sympy

_SPARSE = (scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, scipy.sparse.bsr_matrix, scipy.sparse.coo_matrix)


def targets(path: str, step: str, number: int) -> list[Any]:
    """What the tests of a step are to find, in their order."""
    with h5py.File(path, "r") as file:
        return [_target(file[f"{step}/test{test + 1}"]) for test in range(number)]


def _target(group: Any) -> Any:
    found = [_value(group[name]) for name in group]
    return found[0] if len(found) == 1 else tuple(found)


def _value(item: Any) -> Any:
    if isinstance(item, h5py.Dataset):
        value = item[()]
        return value.decode() if isinstance(value, bytes) else value
    names = list(item)
    # The first name says what it is.
    if not names:
        return None
    if names[0] == "list":
        return [item["list"][name][()] for name in item["list"]]
    if names[0] == "sparse_matrix":
        return _sparse(item["sparse_matrix"])
    return {_key(name, each): _entry(each) for name, each in item.items()}


def _key(name: str, item: Any) -> str | float:
    """The name, or the number that it is; never of a text or of a matrix."""
    if isinstance(item, h5py.Group) or isinstance(item[()], bytes):
        return name
    try:
        return float(name)
    except ValueError:
        return name


def _entry(item: Any) -> Any:
    return _sparse(item["sparse_matrix"]) if isinstance(item, h5py.Group) else _value(item)


def _sparse(group: Any) -> Any:
    data, shape = group["data"][()], tuple(group["shape"][()])
    if "row" in group and "col" in group:
        return scipy.sparse.coo_matrix((data, (group["row"][()], group["col"][()])), shape=shape)
    parts = data, group["indices"][()], group["indptr"][()]
    if "blocksize" in group:
        return scipy.sparse.bsr_matrix(parts, shape=shape, blocksize=tuple(group["blocksize"][()]))
    return scipy.sparse.csr_matrix(parts, shape=shape)


def _equal(one: Any, other: Any, atol: float = 1e-8, rtol: float = 1e-5) -> bool:
    try:
        return bool(np.allclose(one, other, atol=atol, rtol=rtol))
    except ValueError:
        return bool(one == other)


def are_dicts_close(one: Any, other: Any, atol: float = 1e-8, rtol: float = 1e-5) -> bool:
    """Whether two mappings have the same keys, and close values."""
    one, other = _without_symbols(one), _without_symbols(other)
    if one.keys() != other.keys():
        return False
    for name, value in one.items():
        if isinstance(value, sympy.Symbol | str):
            is_close = value == other[name]
        elif isinstance(value, _SPARSE):
            is_close = bool(np.allclose(value.toarray(), other[name].toarray(), atol=atol, rtol=rtol))
        else:
            is_close = _equal(value, other[name], atol=atol, rtol=rtol)
        if not is_close:
            return False
    return True


def _without_symbols(of: Mapping[Any, Any]) -> dict[Any, Any]:
    """A mapping with the names of symbols in their place; of keys the value as it was."""
    found = {key: str(value) if isinstance(value, sympy.Symbol) else value for key, value in of.items()}
    for key in [key for key in found if isinstance(key, sympy.Symbol)]:
        del found[key]
        found[str(key)] = of[key]
    return found


def are_csc_matrix_close(one: Any, other: Any) -> bool:
    """Whether two sparse matrices are close."""
    return bool(np.allclose(one.toarray(), other.toarray()))


def cmp_tuple_or_list(one: Any, other: Any) -> bool:
    """Whether two sequences are as long, and their values close."""
    return len(one) == len(other) and all(map(_close, one, other))


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return are_dicts_close(one, other)
    if isinstance(one, scipy.sparse.csr_matrix | scipy.sparse.csc_matrix):
        return are_csc_matrix_close(one, other)
    return bool(one == other) if isinstance(one, bool) else _equal(one, other)

"""Makes immortal what a process has made so far, so that its forked children can use it without copying it.

Reading an object writes its reference count, and after a fork the first write copies the whole page: without
this every recorder copies 1.3 MB that it only reads (docs/decisions/006). CPython has immortal objects
(PEP 683) but no call that makes one, so `children` has it done here, by number. It does nothing where the
running interpreter does not count as the number expects; it never makes anything mortal again.
"""

import ctypes
import gc
import sys
from types import CodeType
from typing import Final

_IMMORTAL: Final = 0xFFFF_FFFF  # _Py_IMMORTAL_REFCNT of CPython 3.12 and 3.13


def is_possible() -> bool:
    """Whether this interpreter marks its own immortal objects by that number, in their first four bytes."""
    return sys.getrefcount(None) == _IMMORTAL == _count(None).value


def make_immortal() -> int:
    """Do it to every container, whatever it holds, and the constants of all code; how many objects."""
    if not is_possible():
        return 0
    made = 0
    found = gc.get_objects()
    while found:
        each = found.pop()
        if sys.getrefcount(each) != _IMMORTAL:
            _count(each).value = _IMMORTAL
            made += 1
            found += gc.get_referents(each)
            if isinstance(each, CodeType):  # the collector does not look into code
                found += each.co_consts
    return made


def _count(each: object) -> ctypes.c_uint32:
    """The reference count of an object, in place."""
    return ctypes.c_uint32.from_address(id(each))

"""Imports in two threads: the picture is decoded while the engine is imported, and both may need NumPy.

Modules of NumPy import each other in circles, so that two threads that begin with it at once wait for each other, until
Python ends that with an error. Whatever imports it in either thread holds `IMPORTING` meanwhile.
"""

from __future__ import annotations

import threading

IMPORTING = threading.RLock()

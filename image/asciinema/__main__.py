"""Starts asciinema from the folder that it was installed in, on the agent's Python.

It is a program of its own (GPL-3.0): the agent runs it and never imports it, so it lies outside of its path.
"""

import sys

from asciinema.__main__ import main

sys.exit(main())

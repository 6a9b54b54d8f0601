"""``python -m sandbox`` with another folder: ``python -m tests.sandbox.other_sandbox DIRECTORY status``."""

import sys
from pathlib import Path

from sandbox.__main__ import main
from sandbox.layout import Layout

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], Layout(Path(sys.argv[1]))))

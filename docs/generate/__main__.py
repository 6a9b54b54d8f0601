"""Writes the pages and tables that are made from the code: ``python -m docs.generate``."""

from docs.generate import commands, configuration
from sandbox.strict import table


def main() -> None:
    """Write them where they stand in docs/."""
    commands.PAGE.write_text(commands.page())
    table.PAGE.write_text(table.page())
    configuration.PAGE.write_text(configuration.page(configuration.PAGE.read_text()))


if __name__ == "__main__":
    main()

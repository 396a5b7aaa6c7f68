"""Print the SQL that makes the table, for those whose programs may not make tables.

::

    python -m mintonce_postgres ddl --schema public --table mintonce | psql …
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mintonce.errors import UsageError
from mintonce_postgres.statements import SCHEMA, TABLE, Place, Statements


def main(words: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m mintonce_postgres", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    ddl = commands.add_parser("ddl", help="print the SQL that makes the schema and the table")
    ddl.add_argument("--schema", default=SCHEMA, help="the schema (default: %(default)s)")
    ddl.add_argument("--table", default=TABLE, help="the table (default: %(default)s)")
    given = parser.parse_args(words)
    try:
        sql = Statements(Place(given.schema, given.table))
    except UsageError as problem:
        parser.error(str(problem))
    sys.stdout.write(f"{sql.schema};\n{sql.table}\n")


if __name__ == "__main__":
    main()

"""Run the command line with ``python -m clicktrail``."""

from clicktrail.cli import main

if __name__ == "__main__":
    main()

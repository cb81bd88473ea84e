"""Run the command line as python -m clicktrail."""

from clicktrail.cli import main

if __name__ == "__main__":
    main()

"""Write the golden files anew, after the format was changed on purpose: `python -m tests.golden.rewrite`.

Look at the difference before it is committed: after the first release, version 1 must stay readable.
"""

from pathlib import Path

from tests.golden.examples import frame_files, journal_files

FOLDER = Path(__file__).parent / "journal"


def main() -> None:
    for name, files in (("frames", frame_files()), ("small", journal_files())):
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for file, data in files.items():
            (folder / file).write_bytes(data)
            print(folder / file, len(data))


if __name__ == "__main__":
    main()

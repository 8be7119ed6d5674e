"""Ask pyright how much of the public interface has known types, and fail below what is promised."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

LEAST = 98.0
ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Print the share, and below it what is missing."""
    pyright = Path(sys.executable).with_name("pyright")
    # An editable installation is found by its path alone.
    paths = [str(ROOT), sysconfig.get_path("purelib")]
    command = [pyright, "--verifytypes", "netsci_dst", "--ignoreexternal", "--outputjson"]
    command += ["--pythonpath", sys.executable]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    # Not from the root, where the settings of the whole check lie.
    answer = subprocess.run(
        command, env=environment, cwd=ROOT / "tests", capture_output=True, text=True, check=False
    )
    try:
        found = json.loads(answer.stdout)["typeCompleteness"]
    except (json.JSONDecodeError, KeyError):
        print(answer.stdout, answer.stderr, file=sys.stderr)
        return 1
    share = 100 * found["completenessScore"]
    print(f"{share:.2f} % of the public names have known types; {LEAST:g} % are promised")
    if share >= LEAST:
        return 0
    for symbol in found["symbols"]:
        if symbol["isExported"] and not symbol["isTypeKnown"]:
            print(symbol["name"], file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())

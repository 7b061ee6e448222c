"""python-tuf's client behind the words that TUF clients share: init, refresh, download. Exit code 1: refused."""

import argparse
import os
import sys

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.ngclient import Updater


def main() -> int:
    parser = argparse.ArgumentParser()
    for option in ("metadata-dir", "metadata-url", "target-name", "target-dir", "target-base-url"):
        parser.add_argument(f"--{option}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init").add_argument("root")
    commands.add_parser("refresh")
    commands.add_parser("download")
    args = parser.parse_args()
    try:
        return run(args)
    except (DownloadError, RepositoryError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def run(args: argparse.Namespace) -> int:
    trusted = os.path.join(args.metadata_dir, "trusted-root.json")
    if args.command == "init":
        os.makedirs(args.metadata_dir, exist_ok=True)
        with open(args.root, "rb") as source, open(trusted, "wb") as target:
            target.write(source.read())
        return 0
    with open(trusted, "rb") as file:
        bootstrap = file.read()
    updater = Updater(
        args.metadata_dir,
        args.metadata_url,
        target_dir=args.target_dir,
        target_base_url=args.target_base_url,
        bootstrap=bootstrap,
    )
    updater.refresh()
    if args.command == "refresh":
        return 0
    info = updater.get_targetinfo(args.target_name)
    if info is None:
        raise RepositoryError(f"no list names {args.target_name}")
    print(updater.find_cached_target(info) or updater.download_target(info))
    return 0


if __name__ == "__main__":
    sys.exit(main())

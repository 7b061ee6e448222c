"""
Makes a TUF repository with python-tuf, in two states: `first`, and `second` after the root, its keys and the timestamp's
key were rotated and a release was added. Delegations two deep; keys of every type that python-tuf makes.
"""

import copy
import hashlib
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Key,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

SERIALIZER = JSONSerializer(compact=False)


class Repository:
    """The newest lists, and who signs them."""

    def __init__(self) -> None:
        self.people = [CryptoSigner.generate_ed25519(), CryptoSigner.generate_ecdsa(), CryptoSigner.generate_rsa()]
        self.signers = {
            "root": self.people,
            "targets": self.people[:2],
            "snapshot": [CryptoSigner.generate_ed25519()],
            "timestamp": [CryptoSigner.generate_ecdsa()],
            "apps": [CryptoSigner.generate_ed25519(), CryptoSigner.generate_rsa()],
            "router": [CryptoSigner.generate_ed25519()],
        }
        self.root = Root(expires=days(365), consistent_snapshot=True)
        for role in ("root", "targets", "snapshot", "timestamp"):
            self.entrust(role, self.signers[role])
        self.lists = {
            "targets": Targets(expires=days(90)),
            "apps": Targets(expires=days(30)),
            "router": Targets(expires=days(30)),
        }
        self.delegate("targets", "apps", ["apps/*/*", "apps/*/*/*"], threshold=2)
        self.delegate("apps", "router", ["apps/router/*/*"], threshold=1)
        self.snapshot = Snapshot(expires=days(7))
        self.timestamp = Timestamp(expires=days(1))
        self.files: dict[str, bytes] = {}
        self.targets: dict[str, bytes] = {}
        self.write_root([])

    def entrust(self, role: str, signers: list[CryptoSigner]) -> None:
        """Gives a top-level role to these keys, and to no other."""
        for keyid in list(self.root.roles[role].keyids):
            self.root.revoke_key(keyid, role)
        for signer in signers:
            self.root.add_key(signer.public_key, role)
        self.root.roles[role].threshold = min(2, len(signers))
        self.signers[role] = signers

    def delegate(self, parent: str, name: str, paths: list[str], threshold: int) -> None:
        keys: dict[str, Key] = {s.public_key.keyid: s.public_key for s in self.signers[name]}
        role = DelegatedRole(name, list(keys), threshold, terminating=True, paths=paths)
        self.lists[parent].delegations = Delegations(keys, {name: role})

    def add(self, role: str, path: str, content: bytes) -> None:
        self.lists[role].targets[path] = TargetFile.from_data(path, content)
        parent, _, name = path.rpartition("/")
        self.targets[f"{parent}/{hashlib.sha256(content).hexdigest()}.{name}"] = content

    def write_root(self, leaving: list[CryptoSigner]) -> None:
        signers = list({s.public_key.keyid: s for s in [*leaving, *self.signers["root"]]}.values())
        self.files[f"{self.root.version}.root.json"] = signed(self.root, signers)

    def rotate(self, role: str, signers: list[CryptoSigner]) -> None:
        leaving = self.signers["root"]
        self.entrust(role, signers)
        self.root.version += 1
        self.write_root(leaving)

    def publish(self) -> None:
        for role, body in self.lists.items():
            body.version = self.snapshot.meta[f"{role}.json"].version + 1 if f"{role}.json" in self.snapshot.meta else 1
            self.files[f"{body.version}.{role}.json"] = signed(body, self.signers[role])
            self.snapshot.meta[f"{role}.json"] = MetaFile(body.version)
        self.snapshot.version += 1
        bytes_ = signed(self.snapshot, self.signers["snapshot"])
        self.files[f"{self.snapshot.version}.snapshot.json"] = bytes_
        self.timestamp.snapshot_meta = MetaFile.from_data(self.snapshot.version, bytes_, ["sha256"])
        self.timestamp.version += 1
        self.files["timestamp.json"] = signed(self.timestamp, self.signers["timestamp"])

    def write(self, folder: Path) -> None:
        for kind, files in (("metadata", self.files), ("targets", self.targets)):
            for name, content in files.items():
                path = folder / kind / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


def signed(body: Root | Targets | Snapshot | Timestamp, signers: list[CryptoSigner]) -> bytes:
    metadata = Metadata(copy.deepcopy(body))
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes(SERIALIZER)


def days(count: int) -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=count)


def main(folder: Path) -> None:
    repository = Repository()
    repository.add("router", "apps/router/1.0/app.bin", b"router 1.0")
    repository.publish()
    repository.write(folder / "first")
    newcomer = CryptoSigner.generate_ed25519()
    repository.rotate("root", [newcomer, *repository.people[:1]])
    repository.rotate("timestamp", [CryptoSigner.generate_ed25519()])
    repository.add("router", "apps/router/1.1/app.bin", b"router 1.1")
    repository.add("apps", "apps/lamp/app.bin", b"lamp")
    # Outside of what was delegated to the role: no client may find it.
    repository.add("router", "apps/lamp/1.0/app.bin", b"not a router's")
    repository.publish()
    repository.write(folder / "second")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

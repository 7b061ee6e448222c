#!/bin/sh
# Plays the release engineer for the other guides (docs/release-engineer.md says it all): in the folder `desk`, keys and
# a signed repository for the product gw2, with the gateway 1.0.0 in it that devices leave the factory with.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir desk && cd desk
for name in ada grace; do tidegate-signer key gen "$name" --keys keys; done
tidegate-signer key gen ci --kind ci --keys keys
for name in snap time; do tidegate-signer key gen "$name" --kind online --keys keys; done
tidegate-signer init --keys keys --root-key ada,grace --root-threshold 2 --snapshot-key snap --timestamp-key time
tidegate-signer delegate add --keys keys --product gw2 --channel stable --key ci,ada
for name in ada grace; do
  tidegate-signer sign root --keys keys --key "$name" --allow-pending
  tidegate-signer sign targets --keys keys --key "$name" --allow-pending
done
"$here/release.sh" "$here/gateway" 1.0.0

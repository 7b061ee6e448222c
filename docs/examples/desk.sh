#!/bin/sh
# Plays the release engineer for the other guides (docs/release-engineer.md says it all): makes a signed repository for
# the product gw2 in the folder `repository`, with the gateway 1.0.0 in it that devices leave the factory with.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for name in ada grace; do tidegate-signer key gen "$name"; done
tidegate-signer key gen ci --kind ci
for name in snap time; do tidegate-signer key gen "$name" --kind online; done
tidegate-signer init --root-key ada,grace --root-threshold 2 --snapshot-key snap --timestamp-key time
tidegate-signer delegate add --product gw2 --channel stable --key ci,ada
for name in ada grace; do
  tidegate-signer sign root --key "$name" --allow-pending
  tidegate-signer sign targets --key "$name" --allow-pending
done
"$here/release.sh" "$here/gateway" 1.0.0

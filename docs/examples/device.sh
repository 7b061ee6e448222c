#!/bin/sh
# Plays the device engineer for the other guides (docs/device-engineer.md says it all): lays out one device in a folder
# as it leaves the factory, with the gateway 1.0.0. Its sockets go into XDG_RUNTIME_DIR, else /tmp: their paths are short.
# Usage: device.sh FOLDER ROOT-METADATA
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/app/a"
cp "$here/gateway/service.mjs" "$1/app/a/"
device=$(cd "$1" && pwd)
sockets=$(mktemp -d "${XDG_RUNTIME_DIR:-/tmp}/tg-XXXXXX")
cp "$2" "$device/root.json"
cat > "$device/agent.yaml" <<END
product: gw2
hardware: gw2-a
channel: stable
channels: [stable]
server: http://127.0.0.1:${TIDEGATE_PORT:-8080}
rootFile: $device/root.json
builtAt: $(date -u +%Y-%m-%dT%H:%M:%SZ)
netDir: $device/net
trustDir: $device/trust
adminSocket: $sockets/admin.sock
userSocket: $sockets/user.sock
firstCheckWithinSeconds: 1
components:
  - name: app
    installer: directory
    folder: $device/app
    factory: { version: 1.0.0, counter: 1 }
    service:
      command: [node, service.mjs]
      env: { PORT: "${SERVICE_PORT:-8090}" }
      health: { url: "http://127.0.0.1:${SERVICE_PORT:-8090}/health", healthyForSeconds: 1, deadlineSeconds: 20 }
END

#!/bin/sh
exec /usr/bin/node /usr/lib/tidegate/tidegate-agent.cjs "$@"

# tidegate-server: its bundle on Node, and nothing else. Built from the repository's root:
#   docker build -f infra/images/server.Dockerfile -t tidegate-server .
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /src
COPY . .
RUN npm run build

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="tidegate-server" \
      org.opencontainers.image.description="Distributes signed releases to devices, in phases." \
      org.opencontainers.image.licenses="Apache-2.0"
# What installs software has no place where software only runs. The data folders belong to the user, nothing else does.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* \
 && install -d -o 10001 -g 10001 /var/lib/tidegate /var/lib/tidegate/artifacts
COPY --from=build /src/dist/tidegate-server/ /opt/tidegate/
WORKDIR /opt/tidegate
ENV NODE_ENV=production \
    TIDEGATE_DATA=/var/lib/tidegate \
    TIDEGATE_HOST=0.0.0.0
USER 10001:10001
# Devices. Operators have a listener of their own (8081, TIDEGATE_ADMIN_HOST), on loopback unless configured.
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/opt/tidegate/tidegate-server.mjs"]

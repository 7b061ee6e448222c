# tidegate-signer: in CI with the key that CI holds, or the signing service (`serve`) with the keys of snapshot and
# timestamp. People's keys never come near a container.
#   docker build -f infra/images/signer.Dockerfile -t tidegate-signer .
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /src
COPY . .
RUN npm run build

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="tidegate-signer" \
      org.opencontainers.image.description="Signs and publishes releases for Tidegate." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* \
 && install -d -o 10002 -g 10002 /repository
COPY --from=build /src/dist/tidegate-signer/ /opt/tidegate/
WORKDIR /repository
ENV NODE_ENV=production
USER 10002:10002
# Of `serve`.
EXPOSE 8090
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/opt/tidegate/tidegate-signer.mjs"]
CMD ["--help"]

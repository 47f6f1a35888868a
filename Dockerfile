# vocode as a server, a worker or any of its commands: docker build -t vocode . && docker run -p 8080:8080 vocode
FROM node:22-slim AS build
WORKDIR /app
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=optional
COPY . .
# what a fleet takes is optional elsewhere, and npm would leave it out with the rest that is
RUN npm run build \
  && npm pkg delete devDependencies optionalDependencies peerDependencies peerDependenciesMeta \
  && npm install --ignore-scripts bullmq@6 ioredis@5 pg@8 aws4fetch@1

FROM node:22-slim
ENV NODE_ENV=production VOCODE_CACHE=/var/cache/vocode
RUN mkdir -p /data "$VOCODE_CACHE" && chown node:node /data "$VOCODE_CACHE"
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/bin bin
COPY --from=build /app/dist dist
COPY --from=build /app/checkpoints checkpoints
COPY --from=build /app/node_modules node_modules
USER node
EXPOSE 8080
VOLUME ["/data", "/var/cache/vocode"]
# of the server alone: a worker has no port, and switches it off
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# node itself gets the signals
ENTRYPOINT ["node", "/app/bin/vocode.js"]
CMD ["serve", "--host", "0.0.0.0"]

# An image with the agent alone, for containers that mount or copy it. From the root of the repository:
#
#   docker build -f examples/agent.Dockerfile -t registry.example/conntrace:0.1.0 .
FROM node:24.21.0-slim AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json tsconfig.types.json LICENSE ./
COPY scripts scripts
COPY src src
RUN node scripts/prepare.mjs

FROM busybox:1.37.0
COPY --from=build /app/dist/register.js /app/dist/register.NOTICES /conntrace/

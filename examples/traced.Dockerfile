# The program's image with the agent as a further layer; agent.Dockerfile makes the image that the layer comes from.
FROM registry.example/shop:1.0.0
COPY --from=registry.example/conntrace:0.1.0 /conntrace /conntrace
ENV NODE_OPTIONS="--require /conntrace/register.js"

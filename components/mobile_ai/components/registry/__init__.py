"""The model registry: MLflow on Fargate behind a load balancer, with its database and secrets."""

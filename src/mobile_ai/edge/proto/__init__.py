"""Generated from `open_inference_grpc.proto` by `python -m tests.tools.protocol`; not edited."""

"""Entry point of a pack of your own: the rules of mobile-ai-delivery, and those in `rego/`."""

from pathlib import Path

from mobile_ai.governance.pulumi_pack.serve import serve_pack

if __name__ == "__main__":
    serve_pack(Path(__file__).resolve().parent)

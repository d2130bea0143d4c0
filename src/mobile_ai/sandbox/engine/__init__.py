"""The real Pulumi engine: found on the machine, or built once from pinned Go modules.

    engine = locate(progress=progress)
    env = environment(engine, home=home, backend_url=url, passphrase=text, ambient=os.environ,
                      sandbox=True)
    subprocess.run([engine.pulumi, "preview"], env=env)

`python -m mobile_ai.sandbox.engine` does the first line and prints where the engine is.
"""

from mobile_ai.sandbox.engine.environment import environment
from mobile_ai.sandbox.engine.errors import EngineError
from mobile_ai.sandbox.engine.found import Engine
from mobile_ai.sandbox.engine.locate import locate_engine

__all__ = ["Engine", "EngineError", "environment", "locate_engine"]

"""The real Pulumi engine: found on the machine, or built once from pinned Go modules.

    engine = locate(progress=progress)
    env = environment(engine, home=home, backend_url=url, passphrase=text, ambient=os.environ,
                      sandbox=True)
    subprocess.run([engine.pulumi, "preview"], env=env)

`python -m sandbox.engine` does the first line and prints where the engine is.
"""

from sandbox.engine.environment import environment
from sandbox.engine.errors import EngineError
from sandbox.engine.found import Engine
from sandbox.engine.locate import locate

__all__ = ["Engine", "EngineError", "environment", "locate"]

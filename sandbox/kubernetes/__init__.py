"""A real Kubernetes API server with the database under it, built once from pinned Go modules.

    control_plane = locate(progress=progress)
    control_plane.api_server, control_plane.etcd, control_plane.definitions

`python -m sandbox.kubernetes` does the first line and prints where the programs are. No
controllers, no scheduler, no nodes: objects are validated, admitted and stored; no pod starts.
"""

from sandbox.kubernetes.locate import ControlPlane, locate

__all__ = ["ControlPlane", "locate"]

"""A real Kubernetes control plane on simulated nodes, built once from pinned Go modules.

    control_plane = locate(progress=progress)
    control_plane.api_server, control_plane.etcd, control_plane.definitions

`python -m sandbox.kubernetes` does the first line and prints where the API server is. Objects are
validated, admitted, stored and acted upon by the controllers and the scheduler. Only the nodes are
simulated (kwok): a pod becomes ready, and no container runs.
"""

from sandbox.kubernetes.locate import ControlPlane, locate

__all__ = ["ControlPlane", "locate"]

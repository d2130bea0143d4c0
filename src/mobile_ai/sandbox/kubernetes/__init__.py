"""Kubernetes control plane with simulated nodes, built once from pinned Go modules.

    control_plane = locate(progress=progress)
    control_plane.api_server, control_plane.etcd, control_plane.definitions

`python -m mobile_ai.sandbox.kubernetes` runs the first line and prints the path of the API server.
Objects are validated, admitted and stored, and the controllers and the scheduler act on them. Only
the nodes are simulated (kwok): a pod becomes ready, but no container runs.
"""

from mobile_ai.sandbox.kubernetes.locate import ControlPlane, locate_control_plane

__all__ = ["ControlPlane", "locate_control_plane"]

"""Text form of a run's timing."""

from mobile_ai.gate.report.report import Timing

__all__ = ["render_timing"]


def render_timing(timing: Timing) -> str:
    """Return a line per phase and one for the total."""
    width = max(map(len, timing.phases), default=0)
    total = timing.total_seconds or 1.0
    lines = [
        f"  {name:<{width}}  {seconds:7.2f} s  {seconds / total:5.0%}"
        for name, seconds in timing.phases.items()
    ]
    lines.append(f"  {'total':<{width}}  {timing.total_seconds:7.2f} s")
    if timing.resources_per_second:
        lines.append(f"  {timing.resources_per_second:.0f} resources per second while they came")
    if timing.cpu_seconds:
        parts = ", ".join(f"{part} {used:.2f} s" for part, used in timing.cpu_seconds.items())
        lines.append(f"  CPU of the engine's run: {parts}")
    return "\n".join(["Time:", *lines]) + "\n"

"""The engine run: environment, process, event stream and timing."""

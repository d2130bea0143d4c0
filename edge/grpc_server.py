class RpcServer:
    port = 0

    async def stop(self, seconds: float) -> None: ...


async def start_grpc(front, settings) -> RpcServer:
    return RpcServer()

"""How the tests call torchrun: its processes are forked with PyTorch loaded."""


def torchrun(processes, *modules):
    """The arguments of Python that come before a script; these modules are loaded too.

    Dynamo comes with the first optimizer, and takes as long as all of torch.
    """
    load = ", ".join(["torch._dynamo", "torch.distributed.run", *modules])
    code = f"import {load}; torch.distributed.run.main()"
    how = ("--standalone", "--start-method=fork", "--run-path")
    return ["-c", code, *how, f"--nproc-per-node={processes}"]

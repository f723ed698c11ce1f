"""A real Slurm on two machines, with configuration and state in one temporary folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

from machines import ADDRESSES, TwoMachines

PARTITION = 'main'
# GPUs that exist in Slurm's books only: it wants a device for each, and takes any.
GPUS = ('/dev/zero', '/dev/full')
# Slurm is configured with more cores than this machine has (config_overrides). A job
# that was put back into the queue may begin again after cred_expire seconds.
CONF = """
ClusterName=two
SlurmctldHost=n1
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=8
SlurmUser=root
SlurmdUser=root
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=6
KillWait=15
SchedulerParameters=bf_interval=2,sched_interval=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
{nodes}
PartitionName={partition} Nodes=ALL Default=YES MaxTime=20 State=UP
"""


class Slurm:
    """munge, slurmctld and a slurmd on n1, a slurmd on n2; all of it ends with the machines.

    Args:
        machines: Where it runs; n1 is also where one logs in.
        folder: Takes configuration, state and logs; others must be able to enter it, munge
            insists on that.
    """

    def __init__(self, machines: TwoMachines, folder: Path):
        self.machines, self.folder = machines, folder
        self.environment = {**os.environ, 'SLURM_CONF': str(folder / 'slurm.conf')}
        (folder / 'state').mkdir()
        self._configure()
        key = folder / 'munge.key'
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        self._on_n1(
            f'munged --socket={folder}/munge.socket --key-file={key} '
            f'--pid-file={folder}/munged.pid --log-file={folder}/munged.log '
            f'--seed-file={folder}/munge.seed'
        )
        self._on_n1('slurmctld')
        for machine in (machines.n1, machines.n2):
            machine.run('slurmd', env=self.environment)
        self.wait_for('idle', 'sinfo --noheader --format=%T', 30)

    def _configure(self) -> None:
        nodes = [
            f'NodeName={name} NodeAddr={address} CPUs=4 Gres=gpu:{len(GPUS)}'
            for name, address in ADDRESSES.items()
        ]
        text = CONF.format(folder=self.folder, nodes='\n'.join(nodes), partition=PARTITION)
        (self.folder / 'slurm.conf').write_text(text)
        (self.folder / 'gres.conf').write_text(
            ''.join(f'Name=gpu File={device}\n' for device in GPUS)
        )

    def _on_n1(self, command: str) -> str:
        return self.machines.n1.run(command, env=self.environment)

    def wait_for(self, expected: str, question: str, seconds: float) -> None:
        """Ask until every word of the answer is what is expected ('': until there is none).

        Raises:
            AssertionError: It is not; has the answer and the end of the logs.
        """
        deadline = time.monotonic() + seconds
        while set(answer := self._on_n1(question).split()) != set(expected.split()):
            if time.monotonic() > deadline:
                logs = [f'{p.name}: {p.read_text()[-1500:]}' for p in self.folder.glob('*.log')]
                raise AssertionError('\n'.join([f'{question}: {answer}, not {expected}', *logs]))
            time.sleep(0.25)

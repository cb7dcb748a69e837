/**
 * The service of a server or an agent. k3s says itself when it is ready; the time for that is bounded here, because an agent that
 * never reaches its server would hold every operation for ever. Pods outlive a restart (`KillMode=process`).
 */
export function unitFile(command: 'server' | 'agent'): string {
  return `[Unit]
Description=Lightweight Kubernetes (${command})
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=@K3S@ ${command}
KillMode=process
Delegate=yes
TimeoutStartSec=15min
Restart=always
RestartSec=5s
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`;
}

/** How long things take in the simulated world, ms at speed 1. */
export interface Durations {
  /** Power on until the guest agent answers. */
  boot: number;
  /** First boot of a machine without Kubernetes, after the agent answers. */
  cloudInit: number;
  bootstrap: number;
  join: number;
  stage: number;
  drain: number;
  backup: number;
  upgrade: number;
  rollback: number;
  restore: number;
  survey: number;
  'renew-certificates': number;
  restart: number;
  /** Services start until the API server is ready. */
  apiStart: number;
  /** Kubelet starts until its node is Ready. */
  nodeReady: number;
  /** Last heartbeat until the control plane calls the node NotReady (upstream's node-monitor-grace-period). */
  nodeLost: number;
  shutdown: number;
  imageDownload: number;
  /** Of a state disk, on the host. */
  copyState: number;
  /** Life of a join token; not divided by the speed. */
  tokenLife: number;
}

/** A small node on an ordinary host with a fast line. */
export const DEFAULT_DURATIONS: Durations = {
  boot: 20_000,
  cloudInit: 10_000,
  bootstrap: 60_000,
  join: 15_000,
  stage: 20_000,
  drain: 10_000,
  backup: 3_000,
  upgrade: 60_000,
  rollback: 45_000,
  restore: 60_000,
  survey: 2_000,
  'renew-certificates': 10_000,
  restart: 3_000,
  apiStart: 8_000,
  nodeReady: 5_000,
  nodeLost: 40_000,
  shutdown: 5_000,
  imageDownload: 15_000,
  copyState: 4_000,
  tokenLife: 900_000,
};

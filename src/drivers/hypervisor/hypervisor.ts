import type { DesiredImage } from '../../model/desired.ts';
import type { DeletionPolicy } from '../../model/manifest.ts';
import type { Mark } from '../../model/mark.ts';
import type { Inventory } from '../../model/observed.ts';
import type { SeedFiles } from '../../model/seed.ts';

/**
 * The hypervisor role. Every act addresses a domain by UUID and exact path, never by name alone, and is idempotent: asked
 * for what already is, it changes nothing and succeeds. A domain whose mark is not of our owner makes every act fail
 * with `DomainConflict`. Errors are `KreError`. No act takes longer than 5 s; what would is a host operation.
 */
export interface Hypervisor extends HypervisorReader, MachineActs, StateDiskActs, AddressActs, ImageActs {}

/** What planning may use. */
export interface HypervisorReader {
  /**
   * Everything in one bulk read, in a number of processes that does not depend on the number of machines (one more for each
   * 120 KiB of commands). Rejects with `HypervisorUnreachable`, `VirshMissing`, never with a partial answer: a domain that alone does not let itself
   * be described is told as it was described last, or as `unread`.
   */
  inventory(): Promise<Inventory>;
  /**
   * Calls `onEvent` after anything that may have changed the inventory, with the machine's name if known, and once after every
   * (re)connection. Keeps itself alive over restarts of the hypervisor's daemon until `stop`.
   */
  watch(onEvent: (event: HypervisorEvent) => void): { stop(): void };
}

/** `agent-connected`: the guest agent's channel opened; a reading of the guest is worth taking now. */
export interface HypervisorEvent {
  readonly kind: 'connected' | 'lifecycle' | 'agent-connected' | 'agent-disconnected' | 'other';
  readonly machine: string | null;
}

/** Whom an act is about. The UUID is the identity, the name is for messages and paths. */
export interface MachineRef {
  readonly name: string;
  readonly uuid: string;
}

export interface DiskRequest {
  readonly machine: MachineRef;
  readonly generation: number;
  readonly image: { readonly digest: string; readonly format: 'qcow2' | 'raw' };
  readonly diskMiB: number;
  readonly stateDisk: { readonly sizeMiB: number; readonly serial: string } | null;
  readonly seed: SeedFiles;
}

export interface DefineRequest {
  readonly machine: MachineRef;
  readonly mac: string;
  /** Spec, generation and everything else that the definition is made of. */
  readonly mark: Mark;
  readonly stateDiskSerial: string | null;
}

export interface MachineActs {
  /**
   * Makes the generation's folder with root overlay (on the image, explicit format) and seed, and the state disk beside it. A file `unstarted`
   * stands in the folder until `start` first runs the domain: while it does, root and seed are made anew (an interrupted or outdated preparation);
   * a root that was started is never touched, nor is an existing state disk. `ImageDownload` if the image is not in the store;
   * `StateDiskMissing` instead of a blank disk where a copy or a disk set aside says that there was one. Where there is no domain yet, the folder
   * says from the first moment whose it is (`MachineFolder.unmade`), until `define` or `start`.
   */
  prepareDisks(request: DiskRequest): Promise<void>;
  /**
   * Removes what `prepareDisks` made for a machine that never got a domain: generations that were never started with their seeds, the state disk
   * if it is the blank one that was made with them, and the folder if nothing is left in it. A folder that does not say for whom it was made is
   * left; `VirshFailed` where the domain exists or the folder is of another one. Finishes what an interrupted call left.
   */
  discardDisks(machine: MachineRef): Promise<void>;
  /**
   * Defines the domain from its mark, or redefines its persistent definition: disks of the mark's generation, sizes, firmware. What libvirt chose
   * at the first definition (machine type, and while the firmware stays the same its loader and NVRAM) is kept; what runs keeps running as it is.
   */
  define(request: DefineRequest): Promise<void>;
  /**
   * A running domain is left alone. Removes the generation's `unstarted` first, and the copy of the state disk made for leaving this very
   * generation: its run makes that copy stale.
   */
  start(machine: MachineRef): Promise<void>;
  /** Asks for a clean shutdown and returns; observing tells when it is off. */
  shutdown(machine: MachineRef, mode: 'agent' | 'acpi'): Promise<void>;
  /** Cuts the power. */
  powerOff(machine: MachineRef): Promise<void>;
  /** Presses the reset button of a running domain: its guest begins anew under the definition in force. One that does not run is left alone. */
  reset(machine: MachineRef): Promise<void>;
  /** Lets a paused domain run on. */
  resume(machine: MachineRef): Promise<void>;
  setAutostart(machine: MachineRef, on: boolean): Promise<void>;
  /** Raises vCPUs within the boot maximum and grows disks, live and in the persistent definition; `null` leaves a value as it is. Never shrinks. */
  updateLive(machine: MachineRef, change: LiveChange): Promise<void>;
  /** Replaces the mark, live and persistent. */
  writeMark(machine: MachineRef, mark: Mark): Promise<void>;
  /** Replaces the attached seed's file atomically; it stays attached. */
  replaceSeed(machine: MachineRef, generation: number, seed: SeedFiles): Promise<void>;
  /**
   * Deletes a stopped domain that is ours: its generation folders are unlinked first, and the copies of its state disk; the state disk, and one
   * that was set aside, are moved to `retained/<UUID>-<time>/` with a copy of the mark (`Retain`) or unlinked (`Delete`), then the domain is
   * undefined (with NVRAM, managed save and snapshot metadata). Where no state disk stands, the newest copy counts as it, else the one set
   * aside: no last copy is lost under `Retain`. Finishes what an interrupted call left; a domain that is gone is success.
   */
  deleteMachine(machine: MachineRef, stateDisk: DeletionPolicy): Promise<void>;
}

/**
 * What going to a new root disk, and back from it, takes beside `prepareDisks` and `define`. A machine's folder holds `state.qcow2`, copies
 * `state-<generation>.qcow2` of it, and for a while `state-failed.qcow2`. Files get these names whole or not at all.
 */
export interface StateDiskActs {
  /**
   * Starts copying the state disk of a domain that is off and returns at once; `inventory().operations` shows it as `copy-state-<machine>-<generation>`,
   * and when it ended the folder's `copies` has it or the operation is `failed` with the reason (`StorageFull` before anything is written, or
   * that the disk was written meanwhile). A current copy is success, a stale one is replaced, a running operation not started twice.
   * `StateDiskMissing` without a state disk.
   */
  copyState(machine: MachineRef, generation: number): Promise<void>;
  /**
   * Puts the copy of a generation in the place of the state disk of a domain that is off; what stood there is set aside as `state-failed.qcow2`,
   * over an earlier one. Finishes what an interrupted call left. Without the copy: success where a disk was set aside and a state disk
   * stands (it was done before), else `StateDiskMissing`.
   */
  restoreState(machine: MachineRef, generation: number): Promise<void>;
  /**
   * Removes a generation's folder, the copy of the state disk that was made for leaving it, and a state disk that was set aside. `VirshFailed`
   * for the generation of the mark and for one whose folder the domain's definition, live or next, uses; `StateDiskMissing` as long as a
   * copy or a disk set aside stands where a state disk should. What is gone already is success.
   */
  dropGeneration(machine: MachineRef, generation: number): Promise<void>;
  /**
   * Moves a retained state disk (`inventory().retained`) back into the folder of the machine that it was of, where that has no domain and no state
   * disk; else, and for another machine's, `VirshFailed`. Finishes what an interrupted call left. `StateDiskMissing` where neither is there.
   */
  adoptRetained(machine: MachineRef, retained: string): Promise<void>;
}

export interface LiveChange {
  readonly cpus: number | null;
  readonly diskMiB: number | null;
  readonly stateDiskMiB: number | null;
}

export interface AddressActs {
  /** An `ip-dhcp-host` entry for our MAC, live and persistent; other entries are not touched. `DomainConflict` if another MAC holds the address. */
  reserveAddress(network: string, entry: AddressEntry): Promise<void>;
  /** Removes the entry of exactly this MAC and address. */
  releaseAddress(network: string, entry: AddressEntry): Promise<void>;
}

export interface AddressEntry {
  readonly machine: string;
  readonly mac: string;
  readonly address: string;
}

export interface ImageActs {
  /**
   * Starts fetching an image into the store and returns at once; `inventory().operations` shows it as `fetch-image-<digest>`, and when it
   * ended `inventory().images` has it or the operation is `failed` with the reason. A running one is not started twice.
   */
  fetchImage(image: DesiredImage): Promise<void>;
}

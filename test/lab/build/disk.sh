#!/bin/sh
# Bootable disks for guests: one active partition, extlinux in it. grub does not find
# the drives of loop devices; extlinux needs nothing but the mounted folder. Sourced.

partition_start=1048576

# make_disk FILE MIB: a raw disk with one empty, labelled, bootable ext4 partition.
make_disk() {
	truncate -s "$2M" "$1"
	echo "start=2048, type=83, bootable" | sfdisk --quiet "$1"
	dd if=/usr/lib/syslinux/mbr/mbr.bin of="$1" conv=notrunc status=none
	# extlinux 6 cannot read 64-bit block numbers nor metadata checksums.
	mkfs.ext4 -q -L lab-root -O ^64bit,^metadata_csum -E "offset=$partition_start" "$1" "$((($2 - 1) * 1024))k"
}

# mount_disk FILE FOLDER: mounts that partition; the loop device goes with the mount.
mount_disk() {
	mkdir -p "$2"
	mount -o "loop,offset=$partition_start" "$1" "$2"
}

# finish_image RAW IMAGE: converts, and writes the digest beside it.
finish_image() {
	qemu-img convert -f raw -O qcow2 "$1" "$2.part"
	write_sha256 "$2.part"
	mv "$2.part.sha256" "$2.sha256"
	mv "$2.part" "$2"
}

# publish_image FILE NAME: NAME and NAME.sha256 become links to what was built last.
publish_image() {
	point "$2" "$(basename "$1")"
	point "$2.sha256" "$(basename "$1").sha256"
}

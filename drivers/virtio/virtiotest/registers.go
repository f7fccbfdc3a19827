package virtiotest

import "encoding/binary"

// Registers of virtio-mmio (Virtio 1.2 §4.2.2), typed again on purpose: the
// driver's table is what is under test.
const (
	magicOff             = 0x000
	versionOff           = 0x004
	deviceIDOff          = 0x008
	deviceFeaturesOff    = 0x010
	deviceFeaturesSelOff = 0x014
	driverFeaturesOff    = 0x020
	driverFeaturesSelOff = 0x024
	queueSelOff          = 0x030
	queueSizeMaxOff      = 0x034
	queueSizeOff         = 0x038
	queueReadyOff        = 0x044
	queueNotifyOff       = 0x050
	interruptStatusOff   = 0x060
	interruptAckOff      = 0x064
	statusOff            = 0x070
	queueDescOff         = 0x080
	queueDeviceHighOff   = 0x0a4
	configGenerationOff  = 0x0fc
	configOff            = 0x100

	driverOK   = 4
	featuresOK = 8
)

// Load32 implements virtio.Registers.
func (d *Device) Load32(off int) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accesses++
	if v, ok := d.override[off]; ok {
		return v
	}
	if off >= configOff {
		return uint32(d.loadConfig(off, 4))
	}
	switch off {
	case magicOff:
		return 0x74726976
	case versionOff:
		return 2
	case deviceIDOff:
		return uint32(d.kind)
	case deviceFeaturesOff:
		if d.featureSel[0] > 1 {
			return 0
		}
		return uint32(d.offered >> (32 * d.featureSel[0]))
	case queueSizeMaxOff:
		if q := d.selected(); q != nil {
			return q.limit
		}
		return 0
	case queueReadyOff:
		if q := d.selected(); q != nil && q.ready {
			return 1
		}
		return 0
	case interruptStatusOff:
		return d.interrupt
	case statusOff:
		return d.status
	case configGenerationOff:
		if d.ConfigMoves {
			d.generation++
		}
		return d.generation
	}
	d.violate("load of register %#x", off)
	return 0
}

// Load16 implements virtio.Registers.
func (d *Device) Load16(off int) uint16 { return uint16(d.loadField(off, 2)) }

// Load8 implements virtio.Registers.
func (d *Device) Load8(off int) uint8 { return uint8(d.loadField(off, 1)) }

func (d *Device) loadField(off, size int) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accesses++
	if off < configOff {
		d.violate("load of %d bytes at register %#x", size, off)
		return 0
	}
	return d.loadConfig(off, size)
}

func (d *Device) loadConfig(off, size int) uint64 {
	var b [8]byte
	if off%size != 0 || off-configOff+size > len(d.config) {
		d.violate("load of %d bytes at configuration offset %#x", size, off-configOff)
		return 0
	}
	copy(b[:size], d.config[off-configOff:])
	return binary.LittleEndian.Uint64(b[:])
}

// selected returns the queue that QueueSel names, or nil. Caller holds mu.
func (d *Device) selected() *queue {
	if int(d.queueSel) >= len(d.queues) {
		return nil
	}
	return &d.queues[d.queueSel]
}

// Store32 implements virtio.Registers.
func (d *Device) Store32(off int, v uint32) {
	d.mu.Lock()
	d.accesses++
	if off == queueNotifyOff {
		d.notifyLocked(int(v)) // unlocks
		return
	}
	defer d.mu.Unlock()
	switch off {
	case deviceFeaturesSelOff:
		d.featureSel[0] = v
	case driverFeaturesSelOff:
		d.featureSel[1] = v
	case driverFeaturesOff:
		if d.status&featuresOK != 0 {
			d.violate("features written after FEATURES_OK") // §2.2.1
		}
		shift := 32 * d.featureSel[1]
		d.accepted = d.accepted&^(0xffffffff<<shift) | uint64(v)<<shift
		if d.accepted&^d.offered != 0 {
			d.violate("features %#x accepted of %#x", d.accepted, d.offered) // §2.2.1
		}
	case queueSelOff:
		d.queueSel = v
	case interruptAckOff:
		if v&^d.interrupt != 0 {
			d.violate("acknowledged %#x of %#x", v, d.interrupt) // §4.2.2.2
		}
		d.interrupt &^= v
	case statusOff:
		d.storeStatus(v)
	case queueSizeOff, queueReadyOff:
		d.storeQueue(off, v)
	default:
		if off >= queueDescOff && off <= queueDeviceHighOff {
			d.storeQueue(off, v)
			return
		}
		d.violate("store of %#x to register %#x", v, off)
	}
}

// notifyLocked counts a notification. Caller holds mu, which it releases.
func (d *Device) notifyLocked(index int) {
	if d.status&driverOK == 0 {
		d.violate("queue %d notified before DRIVER_OK", index) // §3.1.1
	}
	if index >= len(d.queues) || !d.queues[index].ready {
		d.violate("queue %d notified, which is not ready", index)
		d.mu.Unlock()
		return
	}
	d.notified[index]++
	d.mu.Unlock()
	if d.OnNotify != nil {
		d.OnNotify(index)
	}
}

// storeStatus is a write of the status field. Caller holds mu.
func (d *Device) storeStatus(v uint32) {
	if v == 0 {
		if d.NeverResets {
			return
		}
		d.status, d.accepted, d.interrupt = 0, 0, 0
		for i := range d.queues {
			d.queues[i] = queue{limit: d.queues[i].limit}
		}
		return
	}
	if d.status&^v != 0 {
		d.violate("status %#x cleared by %#x", d.status, v) // §2.1.1
	}
	if v&featuresOK != 0 && d.status&featuresOK == 0 && d.RefuseFeatures {
		v &^= featuresOK
	}
	if v&driverOK != 0 && v&featuresOK == 0 {
		d.violate("DRIVER_OK without FEATURES_OK") // §3.1.1
	}
	d.status = v
}

// storeQueue is a write of a queue's registers. Caller holds mu.
func (d *Device) storeQueue(off int, v uint32) {
	q := d.selected()
	if q == nil {
		d.violate("queue %d does not exist", d.queueSel)
		return
	}
	if q.ready && !(off == queueReadyOff && v == 0) {
		d.violate("register %#x of a ready queue written", off) // §4.2.2.2
	}
	switch off {
	case queueSizeOff:
		if v > q.limit || v == 0 || v&(v-1) != 0 {
			d.violate("queue size %d of %d", v, q.limit) // §4.2.2.2
		}
		q.size = v
	case queueReadyOff:
		q.ready = v == 1
		if q.ready {
			d.openQueue(q)
		}
	default:
		p := &q.phys[(off-queueDescOff)/16]
		if off%8 == 0 {
			*p = *p&^0xffffffff | uint64(v)
		} else {
			*p = *p&0xffffffff | uint64(v)<<32
		}
	}
}

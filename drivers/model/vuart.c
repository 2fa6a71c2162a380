/* SPDX-License-Identifier: Apache-2.0 */
/* A 16550A serial port (National Semiconductor PC16550D datasheet) that sends at once. */
#include "vuart.h"

#include "hv/console.h"
#include "hv/vm.h"
#include "models.h"
#include "vioapic.h"

/* Registers by offset. */
#define REG_DATA    0u /* RBR, THR; DLL */
#define REG_IER     1u /* DLM */
#define REG_IIR     2u /* read */
#define REG_FCR     2u /* write */
#define REG_LCR     3u
#define REG_MCR     4u
#define REG_LSR     5u
#define REG_MSR     6u
#define REG_SCRATCH 7u

#define IER_RECEIVED     0x01u
#define IER_THRE         0x02u
#define IER_LINE_STATUS  0x04u
#define IER_MODEM_STATUS 0x08u
#define IER_MASK         0x0fu

#define IIR_MODEM_STATUS  0x00u
#define IIR_NONE          0x01u
#define IIR_THRE          0x02u
#define IIR_RECEIVED      0x04u
#define IIR_LINE_STATUS   0x06u
#define IIR_TIMEOUT       0x0cu
#define IIR_FIFOS_ENABLED 0xc0u

#define FCR_ENABLE         0x01u
#define FCR_CLEAR_RECEIVER 0x02u
#define FCR_TRIGGER_SHIFT  6u
#define FCR_KEPT           0xc9u

#define LCR_DLAB 0x80u

#define MCR_OUT2 0x08u /* on a PC: gates the interrupt line */
#define MCR_LOOP 0x10u
#define MCR_MASK 0x1fu

#define LSR_DATA_READY        0x01u
#define LSR_OVERRUN           0x02u
#define LSR_TRANSMITTER_EMPTY 0x60u /* THRE, TEMT: always, bytes leave at once */

#define MSR_TRAILING_RI  0x04u
#define MSR_CTS          0x10u
#define MSR_DSR          0x20u
#define MSR_RI           0x40u
#define MSR_DCD          0x80u
#define MSR_PEER_PRESENT (MSR_CTS | MSR_DSR | MSR_DCD)

#define FIFO_SIZE      16u
#define DIVISOR_115200 1u

static uint8_t lsr_of(const struct vuart *uart)
{
	return atomic_load_explicit(&uart->lsr, memory_order_relaxed);
}

static void set_lsr(struct vuart *uart, uint32_t value)
{
	atomic_store_explicit(&uart->lsr, (uint8_t)value, memory_order_relaxed);
}

/*
 * Bytes below the trigger level raise the character time-out without waiting for four character
 * times: nothing would be gained by the delay.
 */
static uint32_t interrupt_cause(const struct vuart *uart)
{
	static const uint8_t triggers[] = {1, 4, 8, 14};
	uint32_t lsr = lsr_of(uart);

	if ((uart->reg[REG_IER] & IER_LINE_STATUS) != 0 && (lsr & LSR_OVERRUN) != 0) {
		return IIR_LINE_STATUS;
	}
	if ((uart->reg[REG_IER] & IER_RECEIVED) != 0 && (lsr & LSR_DATA_READY) != 0) {
		bool is_below =
			(uart->reg[REG_FCR] & FCR_ENABLE) != 0 &&
			uart->input_count < triggers[uart->reg[REG_FCR] >> FCR_TRIGGER_SHIFT];

		return is_below ? IIR_TIMEOUT : IIR_RECEIVED;
	}
	if ((uart->reg[REG_IER] & IER_THRE) != 0 && uart->is_thre_pending) {
		return IIR_THRE;
	}
	if ((uart->reg[REG_IER] & IER_MODEM_STATUS) != 0 && uart->msr_delta != 0) {
		return IIR_MODEM_STATUS;
	}
	return IIR_NONE;
}

/* After every change of what interrupt_cause() looks at. In loopback OUT2 does not reach its pin.
 */
static void update_line(struct vuart *uart, struct vm *vm)
{
	bool is_high = uart->reg[REG_IER] != 0 &&
		       (uart->reg[REG_MCR] & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2 &&
		       interrupt_cause(uart) != IIR_NONE;

	if (is_high != uart->is_line_high) {
		uart->is_line_high = is_high;
		vioapic_set_pin(vm, VUART_PIN, is_high);
	}
}

void vuart_reset(struct vm *vm)
{
	struct vuart *uart = vm->device_state[MODEL_UART];

	set_lsr(uart, LSR_TRANSMITTER_EMPTY);
	uart->divisor[0] = DIVISOR_115200;
}

static void receive(struct vuart *uart, uint8_t byte)
{
	uint32_t lsr = lsr_of(uart);

	if (uart->input_count == VUART_BACKLOG) {
		set_lsr(uart, lsr | LSR_OVERRUN);
		return;
	}
	uart->input[(uart->input_head + uart->input_count) % VUART_BACKLOG] = byte;
	uart->input_count++;
	set_lsr(uart, lsr | LSR_DATA_READY);
}

static uint8_t read_data(struct vuart *uart)
{
	uint8_t byte = uart->input[uart->input_head];

	if (uart->input_count == 0) {
		return 0;
	}
	uart->input_head = (uart->input_head + 1) % VUART_BACKLOG;
	uart->input_count--;
	if (uart->input_count == 0) {
		set_lsr(uart, lsr_of(uart) & ~LSR_DATA_READY);
	}
	return byte;
}

/* Only what is in the FIFO; what waits on the wire is received afterwards. */
static void clear_receiver(struct vuart *uart)
{
	uint32_t depth = (uart->reg[REG_FCR] & FCR_ENABLE) != 0 ? FIFO_SIZE : 1;

	for (uint32_t i = 0; i < depth; i++) {
		(void)read_data(uart);
	}
}

/* The interrupt condition is gone once its cause has been read here (THRE only). */
static uint8_t read_iir(struct vuart *uart)
{
	uint32_t cause = interrupt_cause(uart);

	if (cause == IIR_THRE) {
		uart->is_thre_pending = false;
	}
	return (uint8_t)(cause | ((uart->reg[REG_FCR] & FCR_ENABLE) != 0 ? IIR_FIFOS_ENABLED : 0));
}

static uint8_t read_lsr(struct vuart *uart)
{
	uint8_t lsr = lsr_of(uart);

	set_lsr(uart, lsr & ~LSR_OVERRUN);
	return lsr;
}

/* Loopback connects RTS to CTS, DTR to DSR, OUT1 to RI and OUT2 to DCD. */
static uint32_t modem_lines(uint32_t mcr)
{
	if ((mcr & MCR_LOOP) == 0) {
		return MSR_PEER_PRESENT;
	}
	return ((mcr & 0x02) << 3) | ((mcr & 0x01) << 5) | ((mcr & 0x0c) << 4);
}

static uint8_t read_msr(struct vuart *uart)
{
	uint32_t value = modem_lines(uart->reg[REG_MCR]) | uart->msr_delta;

	uart->msr_delta = 0;
	return (uint8_t)value;
}

static void write_mcr(struct vuart *uart, uint8_t value)
{
	uint32_t before = modem_lines(uart->reg[REG_MCR]);
	uint32_t after;
	uint32_t changed;

	uart->reg[REG_MCR] = value & MCR_MASK;
	after = modem_lines(uart->reg[REG_MCR]);
	changed = (before ^ after) >> 4; /* the order of lines is that of the delta bits */
	if ((after & MSR_RI) != 0) {
		changed &= ~MSR_TRAILING_RI; /* rising: no event */
	}
	uart->msr_delta = (uint8_t)(uart->msr_delta | changed);
}

static void write_fcr(struct vuart *uart, uint8_t value)
{
	bool is_mode_changed = ((uart->reg[REG_FCR] ^ value) & FCR_ENABLE) != 0;

	if (is_mode_changed ||
	    (value & (FCR_ENABLE | FCR_CLEAR_RECEIVER)) == (FCR_ENABLE | FCR_CLEAR_RECEIVER)) {
		clear_receiver(uart);
	}
	/* Without the enable bit the others are not programmed. */
	uart->reg[REG_FCR] = (value & FCR_ENABLE) != 0 ? value & FCR_KEPT : 0;
}

/* Switching the THRE interrupt on while the transmitter is empty raises it anew; Linux tests this.
 */
static void write_ier(struct vuart *uart, uint8_t value)
{
	if ((value & ~uart->reg[REG_IER] & IER_THRE) != 0) {
		uart->is_thre_pending = true;
	}
	uart->reg[REG_IER] = value & IER_MASK;
}

static void write_data(struct vuart *uart, struct vm *vm, uint8_t value)
{
	uart->is_thre_pending = true;
	if ((uart->reg[REG_MCR] & MCR_LOOP) == 0) {
		if (vm->is_console_virtio) {
			vm->is_console_virtio = false;
			console_input_again(); /* what has waited there comes here */
		}
		console_write(vm, &value, 1);
	} else {
		receive(uart, value);
	}
}

static bool is_divisor(const struct vuart *uart, uint32_t offset)
{
	return offset <= 1 && (uart->reg[REG_LCR] & LCR_DLAB) != 0;
}

static uint8_t read_register(struct vuart *uart, uint32_t offset)
{
	if (is_divisor(uart, offset)) {
		return uart->divisor[offset];
	}
	switch (offset) {
	case REG_DATA:
		return read_data(uart);
	case REG_IIR:
		return read_iir(uart);
	case REG_LSR:
		return read_lsr(uart);
	case REG_MSR:
		return read_msr(uart);
	default:
		return uart->reg[offset];
	}
}

static void write_register(struct vuart *uart, struct vm *vm, uint32_t offset, uint8_t value)
{
	if (is_divisor(uart, offset)) {
		uart->divisor[offset] = value;
		return;
	}
	switch (offset) {
	case REG_DATA:
		write_data(uart, vm, value);
		break;
	case REG_IER:
		write_ier(uart, value);
		break;
	case REG_FCR:
		write_fcr(uart, value);
		break;
	case REG_MCR:
		write_mcr(uart, value);
		break;
	case REG_LSR: /* this and MSR: factory test only */
	case REG_MSR:
		break;
	default:
		uart->reg[offset] = value;
		break;
	}
}

static bool takes_input(const struct vuart *uart)
{
	return uart->input_count < VUART_BACKLOG;
}

bool vuart_takes_input(struct vm *vm)
{
	struct vuart *uart = vm->device_state[MODEL_UART];
	bool is_taken;

	spin_lock(&uart->lock);
	is_taken = takes_input(uart);
	uart->is_input_waiting = !is_taken;
	spin_unlock(&uart->lock);
	return is_taken;
}

/* After every access that may have made room. */
static void finish(struct vuart *uart, struct vm *vm)
{
	update_line(uart, vm);
	if (uart->is_input_waiting && takes_input(uart)) {
		uart->is_input_waiting = false;
		console_input_again();
	}
}

/*
 * The bus splits wide accesses to an 8-bit device into bytes. Functions below that are not inlined
 * keep their stack frames out of the short paths.
 */
__attribute__((noinline)) static uint64_t read_bytes(struct vuart *uart, struct vm *vm,
						     uint32_t offset, uint32_t size)
{
	uint64_t value = 0;

	spin_lock(&uart->lock);
	for (uint32_t i = 0; i < size; i++) {
		value |= (uint64_t)read_register(uart, offset + i) << (i * 8);
	}
	finish(uart, vm);
	spin_unlock(&uart->lock);
	return value;
}

uint64_t vuart_read(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	struct vuart *uart = vcpu->vm->device_state[MODEL_UART];
	uint8_t lsr = lsr_of(uart);

	/* What a guest reads most; nothing to be cleared by it, so no lock. */
	if (offset == REG_LSR && size == 1 && (lsr & LSR_OVERRUN) == 0) {
		return lsr;
	}
	return read_bytes(uart, vcpu->vm, offset, size);
}

__attribute__((noinline)) static void write_bytes(struct vcpu *vcpu, uint32_t offset, uint32_t size,
						  uint64_t value)
{
	for (uint32_t i = 0; i < size; i++) {
		vuart_write(vcpu, offset + i, 1, value >> (i * 8));
	}
}

__attribute__((noinline)) static void write_byte(struct vuart *uart, struct vm *vm, uint32_t offset,
						 uint8_t value)
{
	spin_lock(&uart->lock);
	write_register(uart, vm, offset, value);
	finish(uart, vm);
	spin_unlock(&uart->lock);
}

void vuart_write(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	if (size == 1) {
		write_byte(vcpu->vm->device_state[MODEL_UART], vcpu->vm, offset, (uint8_t)value);
	} else {
		write_bytes(vcpu, offset, size, value);
	}
}

void vuart_input(struct vm *vm, uint8_t byte)
{
	struct vuart *uart = vm->device_state[MODEL_UART];

	spin_lock(&uart->lock);
	if ((uart->reg[REG_MCR] & MCR_LOOP) == 0) { /* loopback disconnects the input */
		receive(uart, byte);
		update_line(uart, vm);
	}
	spin_unlock(&uart->lock);
}

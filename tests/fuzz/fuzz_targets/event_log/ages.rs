//! When things happened, by the number of the step.

#[derive(Default)]
pub struct Ages {
    now: usize,
    /// The last step for which there was no room.
    pressed: usize,
    aged: Vec<usize>,
}

impl Ages {
    pub fn tick(&mut self) {
        self.now += 1;
    }

    pub fn now(&self) -> usize {
        self.now
    }

    pub fn press(&mut self) {
        self.pressed = self.now;
    }

    pub fn age(&mut self) {
        self.aged.push(self.now);
    }

    /// Whether there was no room since then.
    pub fn is_pressed_since(&self, then: usize) -> bool {
        self.pressed >= then
    }

    /// Whether something has been kept for long enough since then.
    pub fn is_long_ago(&self, then: usize) -> bool {
        self.aged.iter().filter(|aged| **aged >= then).count() >= 2
    }
}

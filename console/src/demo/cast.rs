//! Who takes part, and what they work on. Pure data.

/// The clients: name and version, as they are in the field.
pub(super) const CLIENTS: [(&str, &str); 20] = [
    ("claude-code", "2.1.14"),
    ("cursor", "1.7.52"),
    ("vscode", "1.105.1"),
    ("claude-desktop", "0.14.4"),
    ("zed", "0.208.4"),
    ("codex", "0.46.0"),
    ("gemini-cli", "0.8.2"),
    ("windsurf", "1.12.9"),
    ("claude-code", "2.1.14"),
    ("cline", "3.32.7"),
    ("goose", "1.10.3"),
    ("cursor", "1.7.44"),
    ("vscode", "1.104.3"),
    ("continue", "1.2.4"),
    ("claude-code", "2.1.9"),
    ("opencode", "0.15.3"),
    ("jetbrains", "2025.2"),
    ("roo-code", "3.28.15"),
    ("vscode", "1.105.1"),
    ("claude-code", "2.1.14"),
];

/// What is to be done.
pub(super) const GOALS: [&str; 12] = [
    "Speed up the search page",
    "Move payments to the new provider",
    "Add gift cards to the checkout",
    "Make the basket survive a logout",
    "Replace the image pipeline",
    "Translate the shop into Dutch",
    "Fix the rounding of discounts",
    "Add rate limits to the public API",
    "Write the incident report of last week",
    "Upgrade the database to the next major version",
    "Rebuild the order history screen",
    "Prepare the load test for the sale",
];

/// In which steps, each behind the one before, and who does it.
pub(super) const STEPS: [(&str, &str); 6] = [
    ("look at what there is", "researcher"),
    ("design it", "architect"),
    ("write it", "implementer"),
    ("test it", "tester"),
    ("review it", "reviewer"),
    ("document it", "documenter"),
];

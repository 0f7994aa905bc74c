//! Layer 2: rules/ to checked rules; generic over the scanner's own rule type.

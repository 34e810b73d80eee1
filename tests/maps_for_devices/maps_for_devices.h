#pragma once

/// What the map of that name makes of one or two numbers. False where there is none that takes numbers.
template <class T>
bool map_for_devices(const char* name, T a, T b, T& result);

// Runs a fuzz target without libFuzzer: every seed, then mutations of them. The same ones each
// time.
//
//     x_fuzz <number of mutations> <dictionary> <directory or file of seeds>...

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The words of a libFuzzer dictionary: "word", with \xNN for other bytes.
std::vector<std::string> ReadDictionary(const char* path) {
  std::vector<std::string> words = {"\r\n"};
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.size() < 3 || line.front() != '"') continue;
    std::string& word = words.emplace_back();
    for (size_t i = 1; i + 1 < line.size(); ++i) {
      if (line.compare(i, 2, "\\x") == 0) {
        word.push_back(static_cast<char>(std::stoi(line.substr(i + 2, 2), nullptr, 16)));
        i += 3;
      } else {
        word.push_back(line[i]);
      }
    }
  }
  return words;
}

class Mutator {
 public:
  Mutator(std::vector<std::string> seeds, std::vector<std::string> words)
      : seeds_(std::move(seeds)), words_(std::move(words)) {}

  std::string Next() {
    std::string input = Pick(seeds_);
    for (size_t changes = 1 + random_() % 4; changes > 0; --changes) Change(&input);
    return input;
  }

 private:
  void Change(std::string* input) {
    const size_t at = random_() % (input->size() + 1);
    switch (random_() % 6) {
      case 0:
        input->insert(at, 1, static_cast<char>(random_()));
        break;
      case 1:
        input->insert(at, Pick(words_));
        break;
      case 2:
        input->erase(at, 1 + random_() % 8);
        break;
      case 3:
        input->append(Pick(seeds_));
        break;
      case 4:
        input->resize(at);
        break;
      default:
        if (at < input->size())
          (*input)[at] = static_cast<char>("0123456789-$*\r\n"[random_() % 15]);
    }
  }
  const std::string& Pick(const std::vector<std::string>& from) {
    return from[random_() % from.size()];
  }

  std::mt19937_64 random_{1};
  std::vector<std::string> seeds_;
  std::vector<std::string> words_;
};

const std::string* g_running = nullptr;

// A finding aborts; the input is what one then wants to have.
void SaveRunning(int) {
  if (g_running == nullptr) return;
  std::ofstream("fuzz-failure.bin", std::ios::binary) << *g_running;
  std::fputs("the input is in fuzz-failure.bin\n", stderr);
}

void Run(const std::string& input) {
  g_running = &input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  g_running = nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  std::signal(SIGABRT, SaveRunning);
  std::vector<std::string> seeds;
  for (int i = 3; i < argc; ++i) {
    if (fs::is_directory(argv[i])) {
      std::vector<fs::path> paths(fs::directory_iterator(argv[i]), {});
      std::sort(paths.begin(), paths.end());
      for (const fs::path& path : paths) seeds.push_back(ReadFile(path));
    } else {
      seeds.push_back(ReadFile(argv[i]));
    }
  }
  if (seeds.empty()) return 2;
  for (const std::string& seed : seeds) Run(seed);
  Mutator mutator(seeds, ReadDictionary(argv[2]));
  const long mutations = std::atol(argv[1]);
  for (long i = 0; i < mutations; ++i) Run(mutator.Next());
  std::printf("%zu seeds and %ld mutations\n", seeds.size(), mutations);
}
